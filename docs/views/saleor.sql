-- Saleor: a row for each Stripe payment of an order, from the Transaction API and from the older payment plugin.
--
-- Amounts are major units. Both ways keep the PaymentIntent and never the charge, so that disputes are matched by
-- payment intent.
CREATE VIEW chargebook_orders AS
SELECT o.number::text AS order_ref,
       t.psp_reference AS payment_intent_id,
       NULL::text AS charge_id,
       t.charged_value AS amount,
       o.currency AS currency,
       nullif(o.user_email, '') AS customer_email,
       o.created_at AS placed_at
FROM payment_transactionitem t
JOIN order_order o ON o.id = t.order_id
WHERE t.psp_reference LIKE 'pi\_%'
UNION ALL
SELECT o.number::text,
       p.psp_reference,
       NULL::text,
       p.captured_amount,
       o.currency,
       nullif(o.user_email, ''),
       o.created_at
FROM payment_payment p
JOIN order_order o ON o.id = p.order_id
WHERE p.gateway = 'saleor.payments.stripe'
  AND p.psp_reference LIKE 'pi\_%';
