"""Accounts and the audit log."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.auth import queries, services
from app.auth.forms import NewUserForm, UserForm
from app.auth.models import User
from app.db import reading, transaction
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires

bp = Blueprint("admin", __name__, url_prefix="/settings")
PAGE = 50


@bp.get("/users")
@requires("users.write")
def users() -> Response:
    """Everybody who may sign in."""
    return render("admin/users.html", users=queries.users(reading()))


@bp.route("/users/new", methods=["GET", "POST"])
@requires("users.write")
def create() -> BaseResponse:
    """A new account."""
    form = NewUserForm()
    if request.method == "POST" and form.validate_on_submit():
        try:
            with transaction() as session:
                services.add_user(session, email=form.email.data or "", name=form.name.data or "",
                                  role=form.role.data, password=form.password.data or "")  # fmt: skip
            flash(_("Account added."), "success")
            return redirect_to("admin.users")
        except services.EmailTaken:
            form.email.errors = [_("There is an account with this address.")]
        except services.WeakPassword as error:
            form.password.errors = [str(error)]
    return render("admin/user.html", form=form, user=None, status=422 if request.method == "POST" else 200)


@bp.route("/users/<int:user_id>", methods=["GET", "POST"])
@requires("users.write")
def edit(user_id: int) -> BaseResponse:
    """Change an account. Nobody takes the right to administer from themselves."""
    user = reading().get(User, user_id)
    if user is None:
        abort(404)
    form = UserForm(obj=user)
    if request.method == "GET":
        return render("admin/user.html", form=form, user=user)
    if form.validate_on_submit():
        if user.id == current_user.id and (form.role.data != "admin" or not form.active.data):
            form.role.errors = [_("You cannot take this from yourself.")]
        else:
            try:
                with transaction() as session:
                    services.update_user(
                        session, session.get_one(User, user_id), name=form.name.data or "", role=form.role.data,
                        active=bool(form.active.data), password=form.password.data or "",
                    )  # fmt: skip
                flash(_("Saved."), "success")
                return redirect_to("admin.users")
            except services.WeakPassword as error:
                form.password.errors = [str(error)]
            except services.LastAdministrator:
                form.role.errors = [_("Nobody would be left who may administer accounts.")]
    return render("admin/user.html", form=form, user=user, status=422)


@bp.get("/audit")
@requires("audit.read")
def audit() -> Response:
    """Who did what, newest first."""
    rows = queries.audit(
        reading(), act=request.args.get("act"), actor=request.args.get("actor"),
        before_id=request.args.get("before", type=int), limit=PAGE,
    )  # fmt: skip
    return render("admin/audit.html", rows=rows[:PAGE], older=rows[PAGE - 1].id if len(rows) > PAGE else None)
