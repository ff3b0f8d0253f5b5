<?php
/**
 * What the bridge passes on, and what it never does. Run by crates/source-woocommerce/tests/it/bridge.rs, or by hand:
 * php docs/woocommerce/tests/bridge_test.php
 */

require __DIR__ . '/wordpress.php';

$log = tempnam( sys_get_temp_dir(), 'chargebook' );
ini_set( 'error_log', $log );
ini_set( 'log_errors', '1' );

$checked = 0;

function check( bool $holds, string $what ): void {
	global $checked;
	++$checked;
	if ( ! $holds ) {
		fwrite( STDERR, "does not hold: $what\n" );
		exit( 1 );
	}
}

/** What the bridge says for an event, as [hook, first argument], and what it writes to the log. */
function said( $type, $body ): array {
	global $said, $log;
	$said = array();
	file_put_contents( $log, '' );
	do_action( 'woocommerce_payments_before_webhook_delivery', $type, $body );
	return array( $said, (string) file_get_contents( $log ) );
}

foreach ( array( 'created', 'updated', 'closed', 'funds_withdrawn', 'funds_reinstated' ) as $what ) {
	$hook = "woocommerce_woopayments_dispute_$what";
	add_action(
		$hook,
		static function ( ...$args ) use ( $hook ) {
			global $said;
			$said[] = array( $hook, $args );
		},
		10,
		9
	);
}

function dispute( array $changes = array() ): array {
	$dispute = array(
		'id'                     => 'dp_1',
		'object'                 => 'dispute',
		'amount'                 => 4200,
		'currency'               => 'eur',
		'charge'                 => array(
			'id'                     => 'ch_1',
			'billing_details'        => array( 'name' => 'Pia Fictional', 'email' => 'pia@example.test', 'address' => array( 'line1' => '1 Invented Street' ) ),
			'receipt_email'          => 'pia@example.test',
			'customer'               => 'cus_secret',
			'metadata'               => array( 'order_id' => '1042', 'customer_email' => 'pia@example.test', 'customer_name' => 'Pia Fictional' ),
			'payment_method_details' => array( 'card' => array( 'brand' => 'visa', 'last4' => '4242', 'fingerprint' => 'Fingerprint1' ) ),
		),
		'payment_intent'         => 'pi_1',
		'status'                 => 'needs_response',
		'reason'                 => 'fraudulent',
		'created'                => 1788253200,
		'livemode'               => true,
		'metadata'               => array(),
		'evidence'               => array( 'customer_email_address' => 'pia@example.test', 'uncategorized_text' => 'a long story' ),
		'issuer_evidence'        => array( 'file' => 'file_secret' ),
		'evidence_details'       => array( 'due_by' => 1789948800, 'has_evidence' => false, 'past_due' => false, 'submission_count' => 0 ),
		'payment_method_details' => array( 'card' => array( 'brand' => 'visa', 'case_type' => 'chargeback', 'network_reason_code' => '10.4' ) ),
		'balance_transactions'   => array( movement( 1 ) ),
		'order'                  => array( 'customer_name' => 'Pia Fictional' ),
	);
	return array_merge( $dispute, $changes );
}

function movement( int $number ): array {
	return array(
		'id'                 => "txn_$number",
		'object'             => 'balance_transaction',
		'amount'             => -4200,
		'available_on'       => 1788480000,
		'created'            => 1788253200,
		'currency'           => 'eur',
		'description'        => 'Chargeback withdrawal for ch_1',
		'exchange_rate'      => null,
		'fee'                => 2000,
		'fee_details'        => array( array( 'amount' => 2000, 'description' => 'Dispute fee' ) ),
		'net'                => -6200,
		'reporting_category' => 'dispute',
		'source'             => 'dp_1',
		'status'             => 'pending',
		'type'               => 'adjustment',
	);
}

function event( array $dispute, string $type = 'charge.dispute.created' ): array {
	return array(
		'id'       => 'evt_1',
		'object'   => 'event',
		'type'     => $type,
		'created'  => 1788253201,
		'livemode' => true,
		'account'  => 'acct_1',
		'data'     => array( 'object' => $dispute ),
	);
}

// Each event about a dispute is said again, as the first and only argument, under its own hook.
foreach ( array( 'created', 'updated', 'closed', 'funds_withdrawn', 'funds_reinstated' ) as $what ) {
	$type                    = "charge.dispute.$what";
	list( $said, $log_text ) = said( $type, event( dispute(), $type ) );
	check( 1 === count( $said ), "$type is said once" );
	check( "woocommerce_woopayments_dispute_$what" === $said[0][0], "$type has its hook" );
	check( 1 === count( $said[0][1] ), "$type is the only argument" );
	check( $type === $said[0][1][0]['type'], "$type is in the event" );
	check( '' === $log_text, "$type is no reason to write to the log" );
}

// What is passed on is exactly this.
list( $said ) = said( 'charge.dispute.created', event( dispute() ) );
$expected     = array(
	'id'       => 'evt_1',
	'created'  => 1788253201,
	'livemode' => true,
	'type'     => 'charge.dispute.created',
	'data'     => array(
		'object' => array(
			'id'                     => 'dp_1',
			'object'                 => 'dispute',
			'amount'                 => 4200,
			'currency'               => 'eur',
			'status'                 => 'needs_response',
			'reason'                 => 'fraudulent',
			'created'                => 1788253200,
			'livemode'               => true,
			'charge'                 => 'ch_1',
			'payment_intent'         => 'pi_1',
			'evidence_details'       => array( 'due_by' => 1789948800, 'submission_count' => 0 ),
			'payment_method_details' => array( 'card' => array( 'brand' => 'visa', 'case_type' => 'chargeback', 'last4' => '4242' ) ),
			'metadata'               => array( 'order_id' => '1042' ),
			'balance_transactions'   => array( array_diff_key( movement( 1 ), array_flip( array( 'exchange_rate', 'fee_details', 'status' ) ) ) ),
		),
	),
);
check( $expected == $said[0][1][0], 'what is passed on is exactly what is named: ' . json_encode( $said[0][1][0] ) );

// Nothing about people.
foreach ( array( 'pia', 'Pia', 'Invented', 'cus_secret', 'Fingerprint1', 'a long story', 'file_secret', 'evidence"' ) as $personal ) {
	check( false === strpos( json_encode( $said ), $personal ), "nothing is said of $personal" );
}

// Other events, and what is none, are none of its business.
foreach ( array( 'charge.succeeded', 'charge.disputed', 'radar.early_fraud_warning.created', 'charge.dispute.', 'charge.dispute.Created', "charge.dispute.created\n2", 7, null, array() ) as $type ) {
	list( $said, $log_text ) = said( $type, event( dispute() ) );
	check( array() === $said && '' === $log_text, 'nothing is said of ' . json_encode( $type ) );
}

// A dispute event without a dispute is not passed on, and never without a line in the log.
foreach ( array( null, 'text', 7, array(), array( 'data' => 'text' ), array( 'data' => array( 'object' => 'dp_1' ) ), event( array() ) ) as $body ) {
	list( $said, $log_text ) = said( 'charge.dispute.created', $body );
	check( array() === $said, 'there is no dispute in ' . json_encode( $body ) );
	check( 1 === substr_count( $log_text, 'chargebook-bridge' ), 'it is in the log: ' . $log_text );
}

// No time is made up, and no id.
$bare = event( dispute() );
unset( $bare['id'], $bare['created'], $bare['livemode'] );
list( $said ) = said( 'charge.dispute.created', $bare );
check( array( 'type', 'data' ) === array_keys( $said[0][1][0] ), 'nothing is made up' );

// A text that is too long makes it shorter; no movement of money is lost.
$longer                  = dispute( array( 'balance_transactions' => array_map( 'movement', range( 1, 33 ) ) ) );
list( $said, $log_text ) = said( 'charge.dispute.created', event( $longer ) );
$passed                  = $said[0][1][0]['data']['object'];
check( strlen( json_encode( $said[0][1][0] ) ) <= 7900, 'it fits' );
check( 33 === count( $passed['balance_transactions'] ), 'every movement is passed on' );
check( ! isset( $passed['balance_transactions'][0]['description'] ), 'what is not needed is left out' );
check( -6200 === $passed['balance_transactions'][32]['net'], 'the money is whole' );
check( 'ch_1' === $passed['charge'] && 'needs_response' === $passed['status'], 'what identifies it is there' );
check( false !== strpos( $log_text, 'evt_1 is too long' ), 'it is in the log: ' . $log_text );

// Even more: the status is told, and the log says that the money must be read.
$longest                 = dispute( array( 'balance_transactions' => array_map( 'movement', range( 1, 200 ) ) ) );
list( $said, $log_text ) = said( 'charge.dispute.created', event( $longest ) );
check( ! isset( $said[0][1][0]['data']['object']['balance_transactions'] ), 'no part of the money is passed for the whole' );
check( 'dp_1' === $said[0][1][0]['data']['object']['id'], 'the dispute is passed on' );
check( ! isset( $said[0][1][0]['id'] ), 'a part of an event is not called by its id' );
check( false !== strpos( $log_text, 'without its money' ), 'it is in the log: ' . $log_text );

// Text that is no UTF-8 can't be JSON; what has none of it can.
$broken = dispute();
$broken['balance_transactions'][0]['description'] = "\xff";
list( $said, $log_text ) = said( 'charge.dispute.created', event( $broken ) );
check( false !== json_encode( $said ), 'what is passed on is JSON' );
check( false !== strpos( $log_text, 'evt_1' ), 'it is in the log: ' . $log_text );

// Whoever listens may fail: WooPayments goes on, and the log has nothing of the event but its id.
add_action(
	'woocommerce_woopayments_dispute_closed',
	static function ( $event ) {
		throw new RuntimeException( 'pia@example.test ' . json_encode( $event ) );
	},
	1
);
list( , $log_text ) = said( 'charge.dispute.closed', event( dispute(), 'charge.dispute.closed' ) );
check( 1 === preg_match( '/chargebook-bridge: the event evt_1 was not passed on: RuntimeException$/m', $log_text ), 'it is in the log: ' . $log_text );
check( false === strpos( $log_text, 'pia' ) && false === strpos( $log_text, 'dp_1' ), 'and nothing else: ' . $log_text );

// An id that is none is not written to the log.
$odd       = event( array() );
$odd['id'] = "evt_1\nforged line pia@example.test";
list( , $log_text ) = said( 'charge.dispute.created', $odd );
check( false === strpos( $log_text, 'pia' ) && false === strpos( $log_text, 'forged' ), 'no line is forged: ' . $log_text );

// The bridge signs nothing, and sends nothing by itself.
$source = file_get_contents( __DIR__ . '/../chargebook-bridge/chargebook-bridge.php' );
foreach ( array( 'hash_hmac', 'openssl', 'curl', 'wp_remote', 'fopen', 'fsockopen', 'file_get_contents', 'secret' ) as $word ) {
	check( false === stripos( $source, $word ), "there is no $word in it" );
}

unlink( $log );
echo "$checked checks hold\n";
