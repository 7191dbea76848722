"""Every model, imported once, so that the metadata is complete."""

from app.auth.models import Audit, SignInFailure, User, UserSession
from app.catalog.models import Product, SupplierItem, Variant
from app.channels.models import AllocationRule, Channel, Listing
from app.flows.models import Lane, Message, Run, Tick
from app.offers.models import Offer, OfferChange, OfferFile, OfferFileContent, OfferLine
from app.pricing.models import ExchangeRate, OfferPin, Price, PriceRule, VatRate
from app.stock.models import (
    Balance,
    BufferRule,
    ListingSnapshot,
    Location,
    Movement,
    Reservation,
    Snapshot,
    Stock,
    StockCount,
    StockCountLine,
    StockReason,
    StockSnapshot,
    SumSnapshot,
)
from app.suppliers.models import Supplier, SupplierContact, SupplierLayout, SupplierWord, SupplierWordDecision

__all__ = [
    "AllocationRule", "Audit", "Balance", "BufferRule", "Channel", "ExchangeRate", "Lane", "Listing",
    "ListingSnapshot", "Location", "Message", "Movement", "Offer", "OfferChange", "OfferFile", "OfferFileContent",
    "OfferLine",
    "OfferPin", "Price", "PriceRule", "Product", "Reservation", "Run", "SignInFailure", "Snapshot", "Stock",
    "StockCount", "StockCountLine", "StockReason", "StockSnapshot", "SumSnapshot", "Supplier", "SupplierContact",
    "SupplierItem", "SupplierLayout", "SupplierWord",
    "SupplierWordDecision", "Tick", "User", "UserSession", "Variant", "VatRate",
]  # fmt: skip
