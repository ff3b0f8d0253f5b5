<?php
/**
 * Plugin Name:       Chargebook bridge
 * Description:       Passes WooPayments' events about disputes on to WooCommerce's webhooks, without evidence and without customers' data.
 * Version:           1.0.0
 * Requires at least: 5.6
 * Requires PHP:      7.4
 * License:           MIT OR Apache-2.0
 *
 * WooPayments tells of an event by a hook whose first argument is only the event's type, and WooCommerce's webhooks deliver
 * first arguments only. So this plugin says it again: the hook woocommerce_woopayments_dispute_<what happened>, with the event
 * as its first argument. WooCommerce delivers it, and signs it.
 *
 * It listens before WooPayments does its own work, because that work ends early when it finds no order.
 *
 * @package Chargebook\Bridge
 */

namespace Chargebook\Bridge;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

/**
 * Action Scheduler keeps what a webhook delivers as at most 8000 characters of JSON, and refuses more. The rest is for the
 * webhook's id, which stands beside the event.
 */
const JSON_BYTES_MAX = 7900;

/** What is passed on of a dispute: only what is named here. Everything else stays in the shop. */
const DISPUTE = array( 'id', 'object', 'amount', 'currency', 'status', 'reason', 'created', 'livemode' );
const CARD    = array( 'brand', 'case_type', 'last4' );

const EVIDENCE_DETAILS = array( 'due_by', 'submission_count' );

const BALANCE_TRANSACTION = array(
	'id',
	'object',
	'amount',
	'fee',
	'net',
	'currency',
	'type',
	'reporting_category',
	'created',
	'available_on',
	'description',
	'source',
);

/** Under which keys shops keep their order's reference in metadata, which otherwise holds whatever a shop likes. */
const ORDER_REFERENCE = array( 'order_ref', 'order_id', 'orderCode', 'order_number', 'order' );

/** Of these, what is needed to book the dispute, when an event is too long. */
const SHORT_DISPUTE             = array( 'id', 'object', 'amount', 'currency', 'status', 'reason', 'created', 'livemode' );
const SHORT_BALANCE_TRANSACTION = array( 'id', 'amount', 'fee', 'net', 'currency', 'type', 'reporting_category', 'created' );

\add_action( 'woocommerce_payments_before_webhook_delivery', __NAMESPACE__ . '\pass_on', 10, 2 );

/**
 * Passes an event of WooPayments' on if it is about a dispute. Whatever goes wrong, WooPayments' own work goes on.
 *
 * @param mixed $type The event's type.
 * @param mixed $body The event.
 */
function pass_on( $type, $body ): void {
	try {
		if ( ! is_string( $type ) || 1 !== preg_match( '/^charge\.dispute\.([a-z_]+)$/', $type, $matches ) ) {
			return;
		}
		$event = event( $type, $body );
		if ( null === $event ) {
			note( $body, 'has no dispute in it, and was not passed on' );
			return;
		}
		\do_action( 'woocommerce_woopayments_dispute_' . $matches[1], $event );
	} catch ( \Throwable $problem ) {
		// Its message may hold what is in the event.
		note( $body, 'was not passed on: ' . get_class( $problem ) );
	}
}

/**
 * The event as it is passed on, or null if there is no dispute in it.
 *
 * @param string $type The event's type.
 * @param mixed  $body The event.
 */
function event( string $type, $body ): ?array {
	$dispute = isset( $body['data']['object'] ) ? $body['data']['object'] : null;
	if ( ! is_array( $dispute ) || ! isset( $dispute['id'] ) ) {
		return null;
	}
	// The time is not made up where it is missing: then the same event would not be the same when it comes again.
	$event = scalars( $body, array( 'id', 'created', 'livemode' ) ) + array( 'type' => $type );

	$whole = $event + array( 'data' => array( 'object' => dispute( $dispute ) ) );
	if ( fits( $whole ) ) {
		return $whole;
	}
	$short = scalars( $dispute, SHORT_DISPUTE ) + payment( $dispute );
	$moved = $short + array( 'balance_transactions' => balance_transactions( $dispute, SHORT_BALANCE_TRANSACTION ) );
	$moved = $event + array( 'data' => array( 'object' => $moved ) );
	if ( fits( $moved ) ) {
		note( $body, 'is too long, and was passed on without what is not needed to book it' );
		return $moved;
	}
	note( $body, 'is too long, and was passed on without its money: Chargebook must read the dispute from the shop' );
	// Nor with its id, under which the whole event may come by another way.
	unset( $event['id'] );
	return $event + array( 'data' => array( 'object' => $short ) );
}

/**
 * The dispute as it is passed on.
 *
 * @param array $dispute The dispute as it came.
 */
function dispute( array $dispute ): array {
	$charge = isset( $dispute['charge'] ) && is_array( $dispute['charge'] ) ? $dispute['charge'] : array();
	$intent = isset( $dispute['payment_intent'] ) && is_array( $dispute['payment_intent'] ) ? $dispute['payment_intent'] : array();
	$card   = card( $dispute ) + card( $charge );

	$metadata = array();
	foreach ( array( $dispute, $charge, $intent ) as $holder ) {
		$metadata = $metadata ? $metadata : scalars( isset( $holder['metadata'] ) ? $holder['metadata'] : null, ORDER_REFERENCE );
	}
	$parts = array(
		'evidence_details'       => scalars( isset( $dispute['evidence_details'] ) ? $dispute['evidence_details'] : null, EVIDENCE_DETAILS ),
		'payment_method_details' => $card ? array( 'card' => $card ) : array(),
		'metadata'               => $metadata,
		'balance_transactions'   => balance_transactions( $dispute, BALANCE_TRANSACTION ),
	);
	return scalars( $dispute, DISPUTE ) + payment( $dispute ) + array_filter( $parts );
}

/**
 * The ids of what was paid: an object that stands in the place of its id holds the customer's data.
 *
 * @param array $dispute The dispute as it came.
 */
function payment( array $dispute ): array {
	$ids = array();
	foreach ( array( 'charge', 'payment_intent' ) as $name ) {
		$paid = isset( $dispute[ $name ] ) ? $dispute[ $name ] : null;
		$id   = is_array( $paid ) && isset( $paid['id'] ) ? $paid['id'] : $paid;
		if ( is_string( $id ) ) {
			$ids[ $name ] = $id;
		}
	}
	return $ids;
}

/**
 * What is said of the card that was paid with.
 *
 * @param array $holder The dispute or the charge.
 */
function card( array $holder ): array {
	$details = isset( $holder['payment_method_details'] ) ? $holder['payment_method_details'] : null;
	return scalars( isset( $details['card'] ) ? $details['card'] : null, CARD );
}

/**
 * The dispute's movements of money. One that is only an id stays that: Chargebook then says that it can't book it.
 *
 * @param array    $dispute The dispute as it came.
 * @param string[] $names   The fields that are passed on.
 */
function balance_transactions( array $dispute, array $names ): array {
	$rows = isset( $dispute['balance_transactions'] ) ? $dispute['balance_transactions'] : null;
	$pick = static function ( $row ) use ( $names ) {
		return is_array( $row ) ? scalars( $row, $names ) : $row;
	};
	return is_array( $rows ) ? array_map( $pick, array_values( $rows ) ) : array();
}

/**
 * The fields of these names that are text, numbers or booleans.
 *
 * @param mixed    $from  Where they stand, if it is an array.
 * @param string[] $names Their names.
 */
function scalars( $from, array $names ): array {
	return is_array( $from ) ? array_filter( array_intersect_key( $from, array_flip( $names ) ), 'is_scalar' ) : array();
}

/**
 * Whether WooCommerce can deliver it.
 *
 * @param array $event The event as it would be passed on.
 */
function fits( array $event ): bool {
	$json = \wp_json_encode( $event );
	return is_string( $json ) && strlen( $json ) <= JSON_BYTES_MAX;
}

/**
 * Writes a line to PHP's error log, with the event's id and nothing else of it.
 *
 * @param mixed  $body The event.
 * @param string $what What happened to it.
 */
function note( $body, string $what ): void {
	$id = is_array( $body ) && isset( $body['id'] ) && is_string( $body['id'] ) ? $body['id'] : '';
	$id = 1 === preg_match( '/^\w{1,255}$/', $id ) ? $id : 'without an id';
	// phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_error_log
	error_log( "chargebook-bridge: the event $id $what" );
}
