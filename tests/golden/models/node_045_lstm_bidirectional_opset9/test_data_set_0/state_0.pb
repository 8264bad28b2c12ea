B
the_lstm.cJ´Y@¼