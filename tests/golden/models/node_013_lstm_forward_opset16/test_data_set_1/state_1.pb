B
the_lstm.hJњЗ>явЫљЌЬЇCG">|`G>