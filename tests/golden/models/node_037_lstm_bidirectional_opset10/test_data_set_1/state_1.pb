B
the_lstm.hJle½3B½o‘=©­¼@D†¼