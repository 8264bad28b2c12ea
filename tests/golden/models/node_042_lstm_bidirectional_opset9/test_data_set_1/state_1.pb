B
the_lstm.hJu‚2¿šœ
½š¶½Ã| ¼