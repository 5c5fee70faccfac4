-- What a feeder is declared to lose, percent of the energy that enters it; null: nobody says.
ALTER TABLE feeder ADD COLUMN declared_loss_percent double precision
  CHECK (declared_loss_percent >= 0 AND declared_loss_percent < 100);

-- A meter that measures again what the main meter of its usage point measures: for estimates, never in a sum or a bill.
ALTER TABLE meter_installation ADD COLUMN is_check boolean NOT NULL DEFAULT false;
