-- What is booked is not sealed yet: the indexes of what is sealed need not be written for it.
DROP INDEX chargebook.journal_entries_sealed_idx;
CREATE INDEX journal_entries_sealed_idx ON chargebook.journal_entries (sealed_in) WHERE sealed_in IS NOT NULL;
DROP INDEX chargebook.resolutions_sealed_idx;
CREATE INDEX resolutions_sealed_idx ON chargebook.resolutions (sealed_in) WHERE sealed_in IS NOT NULL;
