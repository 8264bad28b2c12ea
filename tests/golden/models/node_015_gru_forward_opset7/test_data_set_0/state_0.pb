B	the_gru.hJ¼š–>Ø¸¾#Z ¼bP”¾
$»