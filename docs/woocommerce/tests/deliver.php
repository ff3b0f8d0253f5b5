<?php
/**
 * Lets WooPayments tell of the events on the standard input, {"secret": "...", "events": [...]}, and writes what WooCommerce
 * would send for them: a list of {"topic", "body", "signature"}.
 */

require __DIR__ . '/wordpress.php';

$given = json_decode( stream_get_contents( STDIN ), true );
foreach ( array( 'created', 'updated', 'closed', 'funds_withdrawn', 'funds_reinstated' ) as $what ) {
	webhook( "woocommerce_woopayments_dispute_$what", $given['secret'] );
}
foreach ( $given['events'] as $event ) {
	do_action( 'woocommerce_payments_before_webhook_delivery', $event['type'], $event );
}
echo json_encode( $deliveries );
