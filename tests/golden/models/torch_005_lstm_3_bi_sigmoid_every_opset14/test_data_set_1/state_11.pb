B/recurrent/LSTM_2.reverse.hJ@ò`¾……¼‘×B>ûèß½f©>dvÜ¾—%¼æg=;fz={×=ñ@>Â
½‹ª#¾&›Ø½46s¾»]g½