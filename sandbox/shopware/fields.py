"""Names of the fields of each entity: a criteria that names another one is refused (contract, section 1.1)."""

from __future__ import annotations

_NAMES = {
    "product": """
        active autoIncrement available availableStock canonicalProduct canonicalProductId canonicalProductVersionId
        categories categoriesRo categoryIds categoryTree childCount children cmsPage cmsPageId cmsPageVersionId
        configuratorSettings cover coverId crossSellingAssignedProducts crossSellings customFieldSetSelectionActive
        customFieldSets customSearchKeywords deliveryTime deliveryTimeId description displayGroup downloads ean
        featureSet featureSetId height isCloseout keywords length mainCategories manufacturer manufacturerId
        manufacturerNumber markAsTopseller maxPurchase media metaDescription metaTitle minPurchase name
        ogDescription ogTitle openGraphMedia openGraphMediaId optionIds options orderLineItems packUnit
        packUnitPlural parent parentId parentVersionId price prices productManufacturerVersionId
        productMediaVersionId productNumber productReviews properties propertyIds purchasePrices purchaseSteps
        purchaseUnit ratingAverage referenceUnit releaseDate restockTime sales searchKeywords seoUrls shippingFree
        slotConfig states stock streamIds streams tagIds tags tax taxId type unit unitId variantListingConfig
        variantRestrictions variation versionId visibilities weight width wishlists
    """,
    "product_visibility": """
        product productId productVersionId salesChannel salesChannelId visibility
    """,
    "product_media": """
        coverProducts media mediaId position product productId productVersionId thumbnails versionId
    """,
    "product_manufacturer": """
        description link media mediaId name products versionId
    """,
    "category": """
        active afterCategoryId afterCategoryVersionId autoIncrement breadcrumb childCount children cmsPage cmsPageId
        cmsPageIdSwitched cmsPageVersionId customEntityTypeId description displayNestedProducts externalLink
        footerSalesChannels internalLink keywords level linkNewTab linkType mainCategories media mediaId
        metaDescription metaTitle name navigationSalesChannels nestedProducts parent parentId parentVersionId path
        productAssignmentType productStream productStreamId products seoUrls serviceSalesChannels slotConfig tags
        type versionId visible visibleChildCount
    """,
    "property_group": """
        description displayType filterable name options position sortingType visibleOnProductDetailPage
    """,
    "property_group_option": """
        colorHexCode combinable group groupId media mediaId name position productConfiguratorSettings productOptions
        productProperties
    """,
    "media": """
        a11yDocuments alt appPaymentMethods appShippingMethods avatarUsers categories cmsBlocks cmsPages cmsSections
        config documentBaseConfigs documentFile documents fileExtension fileHash fileName fileSize hasFile
        mailTemplateMedia mediaFolder mediaFolderId mediaType metaData mimeType orderLineItemDownloads
        orderLineItems path paymentMethods private productConfiguratorSettings productDownloads productManufacturers
        productMedia productOpenGraphImages propertyGroupOptions shippingMethods tags thumbnails title uploadedAt
        url user userId
    """,
    "tax": """
        name position products rules shippingMethods taxRate
    """,
    "currency": """
        countryRoundings factor isSystemDefault isoCode itemRounding name orders position productExports
        promotionDiscountPrices salesChannelDefaultAssignments salesChannelDomains salesChannels shortName symbol
        taxFreeFrom totalRounding
    """,
    "language": """
        active children customers locale localeId name newsletterRecipients orders parent parentId
        productKeywordDictionaries productReviews productSearchConfig productSearchKeywords
        salesChannelDefaultAssignments salesChannelDomains salesChannels translationCode translationCodeId
    """,
    "locale": """
        code languages name territory users
    """,
    "customer_group": """
        customers displayGross name registrationActive registrationIntroduction registrationOnlyCompanyRegistration
        registrationSalesChannels registrationSeoMetaDescription registrationTitle salesChannels
    """,
    "delivery_time": """
        max min name products shippingMethods unit
    """,
    "unit": """
        name products shortCode
    """,
    "country": """
        active addressFormat advancedPostalCodePattern checkAdvancedPostalCodePattern checkPostalCodePattern
        checkVatIdPattern companyTax currencyCountryRoundings customerAddresses customerTax defaultPostalCodePattern
        displayStateInRegistration forceStateInRegistration isEu iso iso3 name orderAddresses position
        postalCodeRequired salesChannelDefaultAssignments salesChannels shippingAvailable states taxRules
        vatIdPattern vatIdRequired
    """,
    "salutation": """
        customerAddresses customers displayName letterName newsletterRecipients orderAddresses orderCustomers
        position salutationKey
    """,
    "payment_method": """
        active afterOrderEnabled appPaymentMethod availabilityRule availabilityRuleId customers description
        distinguishableName formattedHandlerIdentifier handlerIdentifier media mediaId name orderTransactions plugin
        pluginId position salesChannelDefaultAssignments salesChannels shortName technicalName
    """,
    "shipping_method": """
        active appShippingMethod availabilityRule availabilityRuleId deliveryTime deliveryTimeId description media
        mediaId name orderDeliveries position prices salesChannelDefaultAssignments salesChannels tags tax taxId
        taxType technicalName trackingUrl
    """,
    "custom_field_set": """
        active app appId config global name position products relations
    """,
    "sales_channel": """
        accessKey active analytics analyticsId boundCustomers configuration countries country countryId currencies
        currency currencyId customerGroup customerGroupId customerGroupsRegistrations customers
        documentBaseConfigSalesChannels domains footerCategory footerCategoryId footerCategoryVersionId homeCmsPage
        homeCmsPageId homeCmsPageVersionId homeEnabled homeKeywords homeMetaDescription homeMetaTitle homeName
        homeSlotConfig hreflangActive hreflangDefaultDomain hreflangDefaultDomainId landingPages language languageId
        languages mailHeaderFooter mailHeaderFooterId mainCategories maintenance maintenanceIpWhitelist
        measurementUnits name navigationCategory navigationCategoryDepth navigationCategoryId
        navigationCategoryVersionId newsletterRecipients numberRangeSalesChannels orders paymentMethod
        paymentMethodId paymentMethodIds paymentMethods productExports productReviews productVisibilities
        promotionSalesChannels seoUrlTemplates seoUrls serviceCategory serviceCategoryId serviceCategoryVersionId
        shippingMethod shippingMethodId shippingMethods shortName systemConfigs taxCalculationType type typeId
        wishlists
    """,
    "customer": """
        active activeBillingAddress activeShippingAddress addresses affiliateCode autoIncrement birthday
        boundSalesChannel boundSalesChannelId campaignCode createdBy createdById customerNumber
        defaultBillingAddress defaultBillingAddressId defaultShippingAddress defaultShippingAddressId
        doubleOptInConfirmDate doubleOptInEmailSentDate doubleOptInRegistration email firstLogin firstName group
        groupId guest hash language languageId lastLogin lastName lastOrderDate lastPaymentMethod
        lastPaymentMethodId orderCount orderCustomers orderTotalAmount productReviews promotions recoveryCustomer
        remoteAddress requestedGroup requestedGroupId reviewCount salesChannel salesChannelId salutation
        salutationId tagIds tags title updatedBy updatedById wishlists
    """,
    "customer_address": """
        additionalAddressLine1 additionalAddressLine2 city company country countryId countryState countryStateId
        customer customerId department firstName hash lastName phoneNumber salutation salutationId street title
        zipcode
    """,
    "state_machine": """
        historyEntries initialStateId name states technicalName transitions
    """,
    "state_machine_state": """
        fromStateMachineHistoryEntries fromStateMachineTransitions name orderDeliveries
        orderTransactionCaptureRefunds orderTransactionCaptures orderTransactions orders stateMachine stateMachineId
        technicalName toStateMachineHistoryEntries toStateMachineTransitions
    """,
    "state_machine_history": """
        entityName fromStateId fromStateMachineState integration integrationId internalComment referencedId
        referencedVersionId stateMachine stateMachineId toStateId toStateMachineState transitionActionName user
        userId
    """,
    "document": """
        config deepLinkCode dependentDocuments documentA11yMediaFile documentA11yMediaFileId documentFiles
        documentMediaFile documentMediaFileId documentNumber documentType documentTypeId order orderId
        orderVersionId referencedDocument referencedDocumentId sent static
    """,
    "webhook": """
        active app appId errorCount eventName name onlyLiveVersion url
    """,
    "order": """
        addresses affiliateCode amountNet amountTotal autoIncrement billingAddress billingAddressId
        billingAddressVersionId campaignCode createdBy createdById currency currencyFactor currencyId
        customerComment deepLinkCode deliveries documents internalComment itemRounding language languageId lineItems
        orderCustomer orderDate orderDateTime orderNumber positionPrice price primaryOrderDelivery
        primaryOrderDeliveryId primaryOrderDeliveryVersionId primaryOrderTransaction primaryOrderTransactionId
        primaryOrderTransactionVersionId ruleIds salesChannel salesChannelId shippingCosts shippingTotal source
        stateId stateMachineState tags taxCalculationType taxStatus totalRounding transactions updatedBy updatedById
        versionId
    """,
    "order_line_item": """
        children cover coverId description downloads good identifier label order orderDeliveryPositions orderId
        orderTransactionCaptureRefundPositions orderVersionId parent parentId parentVersionId payload position price
        priceDefinition product productId productVersionId promotion promotionId quantity referencedId removable
        stackable states totalPrice type unitPrice versionId
    """,
    "order_delivery": """
        order orderId orderVersionId positions primaryOrder shippingCosts shippingDateEarliest shippingDateLatest
        shippingMethod shippingMethodId shippingOrderAddress shippingOrderAddressId shippingOrderAddressVersionId
        stateId stateMachineState trackingCodes versionId
    """,
    "order_transaction": """
        amount captures order orderId orderVersionId paymentMethod paymentMethodId primaryOrder stateId
        stateMachineState validationData versionId
    """,
    "order_address": """
        additionalAddressLine1 additionalAddressLine2 city company country countryId countryState countryStateId
        department firstName hash lastName order orderDeliveries orderId orderVersionId phoneNumber salutation
        salutationId street title vatId versionId zipcode
    """,
    "order_customer": """
        company customer customerId customerNumber email firstName lastName order orderId orderVersionId
        remoteAddress salutation salutationId title vatIds versionId
    """,
}
ALWAYS = frozenset({"id", "createdAt", "updatedAt", "versionId", "customFields", "translated", "autoIncrement"})
FIELDS = {entity: ALWAYS.union(names.split()) for entity, names in _NAMES.items()}
