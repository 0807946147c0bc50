//! HTTPS for the AWS SDK, set up when a credential source first asks the network.
//!
//! The SDK's own client reads all root certificates of the system when a source is built, whether it
//! is asked or not: half the time of signing a token with keys that are at hand. Otherwise this is
//! that client (aws-smithy-runtime source, `default_https_client`).

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// A client that costs nothing until it is used.
pub(super) fn client() -> SharedHttpClient {
    let inner = Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector =
            ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        let _ = connector
            .set_connector_settings(settings.cloned())
            .set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl))
            .set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    });
    SharedHttpClient::new(WhenAsked(inner))
}

/// Leaves out the check of the configuration that would set everything up.
#[derive(Debug)]
struct WhenAsked(SharedHttpClient);

impl HttpClient for WhenAsked {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}
