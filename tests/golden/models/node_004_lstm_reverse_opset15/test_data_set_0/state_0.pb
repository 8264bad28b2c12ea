B
the_lstm.cJ7¿ÄÃ:?„±‘>ê®¾