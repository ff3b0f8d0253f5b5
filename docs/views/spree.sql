-- Spree: a row for each Stripe payment of a completed order.
--
-- Amounts are major units. `response_code` is the PaymentIntent; the charge is in the private metadata where the payment
-- was made by an older path. Times are UTC without saying so. Columns for states are not used: their names change between
-- Spree's versions (`state` became `status`), while these stay. An attempt that failed is therefore a row too, which
-- harms nobody: it was never charged, so that it is never disputed.
CREATE VIEW chargebook_orders AS
SELECT o.number AS order_ref,
       p.response_code AS payment_intent_id,
       p.private_metadata ->> 'stripe_charge_id' AS charge_id,
       p.amount AS amount,
       o.currency AS currency,
       o.email AS customer_email,
       o.completed_at AT TIME ZONE 'UTC' AS placed_at
FROM spree_payments p
JOIN spree_orders o ON o.id = p.order_id
WHERE o.completed_at IS NOT NULL
  AND p.response_code LIKE 'pi\_%';
