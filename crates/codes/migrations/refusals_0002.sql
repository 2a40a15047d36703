-- A terminal draws a number for each refusal, so that one that is sent again because the answer was lost is
-- one refusal. Empty for those who tell it on a page.
ALTER TABLE refusal_report ADD COLUMN client_key TEXT;
CREATE UNIQUE INDEX refusal_report_client ON refusal_report (told_by, client_key);
