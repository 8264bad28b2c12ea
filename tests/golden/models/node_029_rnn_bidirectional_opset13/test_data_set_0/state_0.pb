B	the_rnn.hJV
™?	Ø°>øwØ?·#>¤‹I?