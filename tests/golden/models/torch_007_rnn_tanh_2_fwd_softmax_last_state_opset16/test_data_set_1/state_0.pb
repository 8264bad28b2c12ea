B/recurrent/RNN.hJœjÐ¾TDt»
¾×2?B>¹ã‹¾®†¿