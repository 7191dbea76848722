"""Sign-in, sign-out, and the own account."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask import session as form_session
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.auth import queries, services, sessions
from app.auth.forms import PasswordForm, ProfileForm, SignInForm
from app.auth.models import THEMES, User
from app.db import reading, transaction
from app.extensions import settings
from app.i18n import LOCALES
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import public, requires

bp = Blueprint("auth", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> BaseResponse:
    """Public: nobody is signed in yet."""
    form = SignInForm()
    if request.method == "GET":
        if current_user.is_authenticated:
            return redirect_to("home.index")
        form.next.data = sessions.local_path(request.args.get("next")) or ""
        return render("auth/sign_in.html", form=form)
    if not form.validate_on_submit():
        return render("auth/sign_in.html", form=form, status=422)
    problem = None
    token, former = "", request.cookies.get(sessions.cookie_name(), "")
    with transaction() as session:
        try:
            token = services.sign_in(
                session, email=form.email.data or "", password=form.password.data or "", network=sessions.network(),
                agent=request.user_agent.string, now=clock.now(), settings=settings(),
            )  # fmt: skip
            services.close_session(session, former)  # Whoever knew the cookie of before knows nothing now.
        except services.Throttled:
            problem = _("Too many attempts. Try again in a quarter of an hour.")
        except services.WrongCredentials:
            problem = _("E-mail or password is not right.")
    if problem is not None:
        return render("auth/sign_in.html", form=form, problem=problem, status=422)
    sessions.forget(former)
    form_session.clear()  # A new CSRF secret for the new session.
    target = sessions.local_path(form.next.data) or url_for("home.index")
    response = redirect(target, code=303)
    sessions.set_cookie(response, token)
    return response


@bp.post("/sign-out")
@requires("signed_in")
def sign_out() -> BaseResponse:
    """End this session, here and in every copy of the cookie."""
    with transaction() as session:
        token = request.cookies.get(sessions.cookie_name(), "")
        services.sign_out(session, current_user.id, token=token)
    sessions.forget(token)
    form_session.clear()
    response = redirect_to("auth.sign_in")
    sessions.clear_cookie(response)
    return response


@bp.get("/account")
@requires("signed_in")
def account() -> Response:
    """Name, language, appearance, password, sessions."""
    return _account(ProfileForm(obj=current_user), PasswordForm())


def _account(profile: ProfileForm, password: PasswordForm, status: int = 200) -> Response:
    now = clock.now()
    own = queries.sessions_of(reading(), current_user.id, idle_since=sessions.idle_since(now), now=now)
    return render("auth/account.html", profile=profile, password=password, sessions=own, status=status)


def _own_row() -> User:
    return reading().get_one(User, current_user.id)


@bp.post("/account")
@requires("signed_in")
def save_profile() -> BaseResponse:
    """Keep name, language and appearance."""
    form = ProfileForm()
    if not form.validate_on_submit():
        return _account(form, PasswordForm(formdata=None), status=422)
    with transaction() as session:
        services.save_profile(session, _own_row(), name=form.name.data or "", locale=form.locale.data,
                              theme=form.theme.data)  # fmt: skip
    flash(_("Saved."), "success")
    return redirect_to("auth.account")


@bp.post("/account/password")
@requires("signed_in")
def save_password() -> BaseResponse:
    """Change the password; other sessions end."""
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                services.change_password(
                    session, _own_row(), old=form.old.data or "", new=form.new.data or "",
                    session_id=current_user.session_id,
                )  # fmt: skip
            flash(_("Your password is changed; other sessions have ended."), "success")
            return redirect_to("auth.account")
        except services.WrongCredentials:
            form.old.errors = [_("This is not your current password.")]
        except services.WeakPassword as error:
            form.new.errors = [str(error)]
    return _account(ProfileForm(formdata=None, obj=current_user), form, status=422)


@bp.post("/account/sessions/end")
@requires("signed_in")
def end_sessions() -> BaseResponse:
    """End every other session of the own account."""
    with transaction() as session:
        services.end_other_sessions(session, current_user.id, session_id=current_user.session_id)
    flash(_("Other sessions have ended."), "success")
    return redirect_to("auth.account")


@bp.post("/account/switch")
@requires("signed_in")
def switch() -> BaseResponse:
    """The switches of the frame: language and appearance, then back to the page."""
    locale, theme = request.form.get("locale", ""), request.form.get("theme", "")
    with transaction() as session:
        user = _own_row()
        services.save_profile(
            session, user, name=user.name, locale=locale if locale in LOCALES else user.locale,
            theme=theme if theme in THEMES else user.theme,
        )  # fmt: skip
    return redirect(sessions.local_path(request.form.get("back")) or url_for("home.index"), code=303)
