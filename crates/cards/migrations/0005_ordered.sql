-- First cards that wait to be made: what is asked about in other regions (Art. 5).
CREATE INDEX card_ordered ON card (id) WHERE stage = 'ordered';
