B
the_lstm.hJ—¢Ì<