"""Every model, imported once, so that the metadata is complete."""

from app.auth.models import Audit, SignInFailure, User, UserSession
from app.catalog.models import CatalogueBatch, Product, SupplierItem, Variant
from app.channels.models import Channel, Listing
from app.flows.models import Lane, Message, Run, Tick
from app.matching.models import MatchQuestion
from app.offers.models import Offer, OfferFile, OfferFileContent, OfferLine
from app.pricing.models import ExchangeRate, Price, PriceRule, VatRate
from app.stock.models import Balance, Location, Movement, Reservation, Stock
from app.suppliers.models import Supplier, SupplierContact, SupplierLayout, SupplierWord, SupplierWordDecision

__all__ = [
    "Audit", "Balance", "CatalogueBatch", "Channel", "ExchangeRate", "Lane", "Listing", "Location", "MatchQuestion",
    "Message", "Movement", "Offer", "OfferFile", "OfferFileContent", "OfferLine", "Price", "PriceRule", "Product",
    "Reservation", "Run", "SignInFailure", "Stock", "Supplier", "SupplierContact", "SupplierItem", "SupplierLayout",
    "SupplierWord", "SupplierWordDecision", "Tick", "User", "UserSession", "Variant", "VatRate",
]  # fmt: skip
