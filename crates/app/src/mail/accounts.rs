use std::collections::BTreeMap;

use chargebook_domain::LedgerAccount;

/// How the accounts of the journal are called for people. What is stored never changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountNames(BTreeMap<LedgerAccount, String>);

impl AccountNames {
    /// These names; an account without one is called as it is stored.
    #[must_use]
    pub fn new(names: BTreeMap<LedgerAccount, String>) -> Self {
        Self(names)
    }

    /// The name of an account.
    #[must_use]
    pub fn name(&self, account: LedgerAccount) -> &str {
        self.0.get(&account).map_or(account.as_str(), String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_a_name_of_its_own_is_called_as_it_is_stored() {
        let names = AccountNames::new(BTreeMap::from([(LedgerAccount::DisputeFees, "6030 Stripe fees".to_owned())]));
        assert_eq!(names.name(LedgerAccount::DisputeFees), "6030 Stripe fees");
        assert_eq!(names.name(LedgerAccount::ChargebackLosses), "expenses:chargeback-losses");
    }
}
