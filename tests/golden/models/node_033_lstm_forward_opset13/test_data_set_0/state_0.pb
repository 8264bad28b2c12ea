B
the_lstm.cJ{¬•>Eó½½ð•>‰Ðú=