-- A locked card is blocked at its bank, which is not a report of loss: it does not wait either.
DROP INDEX bank_request_one;
CREATE UNIQUE INDEX bank_request_one ON bank_request (person_id, card_id)
    WHERE state IN ('waiting', 'sent', 'unknown')
      AND operation IN ('pre_open', 'activate', 'release', 'unfreeze', 'close');
CREATE UNIQUE INDEX bank_request_one_freeze ON bank_request (person_id, card_id)
    WHERE state IN ('waiting', 'sent', 'unknown') AND operation = 'freeze';
