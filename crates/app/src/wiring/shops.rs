//! The shops of WooCommerce that the settings name.

use std::collections::BTreeMap;
use std::sync::Arc;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{ShopReader, Sweeps};
use chargebook_source_woocommerce::{WooApi, WooSource};

use super::SetUpError;
use crate::settings::{Settings, ShopApiSettings, ShopSettings};
use crate::shops::{AskingShop, Shop};

/// Every shop.
///
/// # Errors
/// [`SetUpError`] where one can't be set up.
pub(super) fn all(settings: &Settings, sweeps: &Arc<dyn Sweeps>) -> Result<BTreeMap<String, Shop>, SetUpError> {
    let mut shops = BTreeMap::new();
    for (name, settings) in &settings.shops {
        let ShopSettings { book, webhook_secrets, .. } = settings;
        let source = WooSource::new(book.clone(), webhook_secrets.clone())
            .map_err(|error| SetUpError::new(error.to_string(), format!("check woocommerce.{name}.webhook_secrets")))?;
        let known_as = AccountId::woo(name)
            .map_err(|error| SetUpError::new(error.to_string(), format!("call woocommerce.{name} otherwise")))?;
        let reader = reader(name, settings)?;
        let asking = reader.map(|reader| AskingShop { reader, sweeps: Arc::clone(sweeps), known_as });
        shops.insert(name.clone(), Shop { source: Arc::new(source), asking });
    }
    Ok(shops)
}

/// The API of the shop of this name; `None` without a key to it.
///
/// # Errors
/// [`SetUpError`] where no client can be made for it.
fn reader(name: &str, settings: &ShopSettings) -> Result<Option<Arc<dyn ShopReader>>, SetUpError> {
    let Some(ShopApiSettings { url, key, secret }) = &settings.api else { return Ok(None) };
    let api = WooApi::new(settings.book.clone(), url, key, secret);
    let api = api.map_err(|error| SetUpError::new(error.to_string(), format!("check woocommerce.{name}")))?;
    Ok(Some(Arc::new(api)))
}

/// The API of the shop of this name, for those who can't do without.
///
/// # Errors
/// [`SetUpError`] also when there is no such shop, or no key to it.
pub(crate) fn needed_reader(name: &str, settings: &Settings) -> Result<Arc<dyn ShopReader>, SetUpError> {
    let Some(shop) = settings.shops.get(name) else {
        let names: Vec<_> = settings.shops.keys().map(String::as_str).collect();
        let remedy = match names.as_slice() {
            [] => format!("add a section woocommerce.{name} as docs/woocommerce.md says"),
            names => format!("write one of {}", names.join(", ")),
        };
        return Err(SetUpError::new(format!("there is no shop `{name}` in the settings"), remedy));
    };
    reader(name, shop)?.ok_or_else(|| {
        let what = format!("there is no key with which the shop {name} could be asked");
        let remedy = format!("set url, consumer_key and consumer_secret of woocommerce.{name}");
        SetUpError::new(what, remedy)
    })
}
