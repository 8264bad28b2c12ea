B
the_lstm.hJë±Ú½