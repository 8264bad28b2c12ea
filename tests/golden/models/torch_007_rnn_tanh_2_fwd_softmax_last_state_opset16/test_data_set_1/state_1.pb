B/recurrent/RNN_1.hJЧ^Гј†’ѕyЖѕwкЙ=Цѕдж
їфwa>