<?php
/**
 * As much of WordPress and WooCommerce as the bridge meets, so that it runs without them.
 */

define( 'ABSPATH', __DIR__ . '/' );

$hooks = array();

function add_action( string $hook, callable $callback, int $priority = 10, int $accepted_args = 1 ): bool {
	global $hooks;
	$hooks[ $hook ][ $priority ][] = array( $callback, $accepted_args );
	return true;
}

function do_action( string $hook, ...$args ): void {
	global $hooks;
	$by_priority = isset( $hooks[ $hook ] ) ? $hooks[ $hook ] : array();
	ksort( $by_priority );
	foreach ( $by_priority as $listeners ) {
		foreach ( $listeners as list( $callback, $accepted_args ) ) {
			call_user_func_array( $callback, array_slice( $args, 0, $accepted_args ) );
		}
	}
}

function wp_json_encode( $value ) {
	return json_encode( $value );
}

function wp_specialchars_decode( string $text, int $quote_style ): string {
	return htmlspecialchars_decode( $text, $quote_style );
}

/** What WooCommerce's webhooks would send, in order: the topic, the body and the signature header. */
$deliveries = array();

/** Makes a webhook of WooCommerce's for the topic action.<hook>. Such webhooks deliver a hook's first argument. */
function webhook( string $hook, string $secret ): void {
	add_action(
		$hook,
		static function ( $arg ) use ( $hook, $secret ) {
			global $deliveries;
			// Action Scheduler keeps it until it is delivered, as JSON.
			$kept = wp_json_encode( array( 'webhook_id' => 123456789, 'arg' => $arg ) );
			if ( ! is_string( $kept ) || strlen( $kept ) > 8000 ) {
				throw new InvalidArgumentException( 'too long: ' . $kept );
			}
			$arg          = json_decode( $kept, true )['arg'];
			$body         = wp_json_encode( array( 'action' => $hook, 'arg' => $arg ) );
			$key          = wp_specialchars_decode( $secret, ENT_QUOTES );
			$deliveries[] = array(
				'topic'     => "action.$hook",
				'body'      => $body,
				'signature' => base64_encode( hash_hmac( 'sha256', $body, $key, true ) ),
			);
		}
	);
}

require __DIR__ . '/../chargebook-bridge/chargebook-bridge.php';
