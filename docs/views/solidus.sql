-- Solidus: a row for each payment of a completed order.
--
-- Amounts are major units. `response_code` is the PaymentIntent since solidus_stripe 5; what older gateways left there is
-- a charge (`ch_`) or a payment without a card (`py_`), and that of other gateways is neither. Times are UTC without saying so.
-- Payments that failed, were voided or never went through are left out.
CREATE VIEW chargebook_orders AS
SELECT o.number AS order_ref,
       CASE WHEN p.response_code LIKE 'pi\_%' THEN p.response_code END AS payment_intent_id,
       CASE WHEN p.response_code ~ '^(ch|py)_' THEN p.response_code END AS charge_id,
       p.amount AS amount,
       o.currency AS currency,
       o.email AS customer_email,
       o.completed_at AT TIME ZONE 'UTC' AS placed_at
FROM spree_payments p
JOIN spree_orders o ON o.id = p.order_id
WHERE o.completed_at IS NOT NULL
  AND p.state IN ('completed', 'pending', 'processing')
  AND p.response_code ~ '^(pi|ch|py)_';
