-- Vendure: a row for each Stripe payment of an order.
--
-- Vendure keeps amounts in hundredths, whatever the currency: 500000 is 5,000 yen. The view turns them into major
-- units. A shop with a MoneyStrategy of its own may keep another precision: then change the divisor. Names are camel
-- case and must be quoted. `transactionId` is the PaymentIntent; the charge is not kept. Times are UTC without saying so.
CREATE VIEW chargebook_orders AS
SELECT o.code AS order_ref,
       p."transactionId" AS payment_intent_id,
       NULL::text AS charge_id,
       p.amount::numeric / 100 AS amount,
       o."currencyCode" AS currency,
       c."emailAddress" AS customer_email,
       o."orderPlacedAt" AT TIME ZONE 'UTC' AS placed_at
FROM payment p
JOIN "order" o ON o.id = p."orderId"
LEFT JOIN customer c ON c.id = o."customerId"
WHERE p.state IN ('Settled', 'Authorized')
  AND p."transactionId" LIKE 'pi\_%';
