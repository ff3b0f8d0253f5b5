-- Medusa 2: a row for each Stripe payment of an order.
--
-- Amounts are major units. `payment.data` is the PaymentIntent as Stripe returned it; its latest charge is an id or,
-- where it was expanded, an object. An order and its payments are tied by a link table, whose rows are deleted softly
-- like those of the others.
CREATE VIEW chargebook_orders AS
SELECT o.display_id::text AS order_ref,
       p.data ->> 'id' AS payment_intent_id,
       coalesce(p.data -> 'latest_charge' ->> 'id', p.data ->> 'latest_charge') AS charge_id,
       p.amount AS amount,
       p.currency_code AS currency,
       o.email AS customer_email,
       o.created_at AS placed_at
FROM payment p
JOIN order_payment_collection link ON link.payment_collection_id = p.payment_collection_id
JOIN "order" o ON o.id = link.order_id
WHERE p.provider_id LIKE 'pp\_stripe%'
  AND p.deleted_at IS NULL
  AND link.deleted_at IS NULL
  AND o.deleted_at IS NULL;
