B/recurrent/LSTM_2.reverse.hJ@D½|Ağ="¸¼Ÿu=E=<¯Æ½Liö<½€ó½ê½ u
>ø°ˆ½Æ0¤=Ò3M¾Ç>;>Œ*Ú½·sB>