B/recurrent/GRU_2.hJu® ;ÌW¼(½y¼°ß<Bï»Û£<~
G¼