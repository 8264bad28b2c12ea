B
the_lstm.hJW›§=”ëŒ;´¤Æ=,îP½”l¦=