B
the_lstm.cJ zg=#„>=­ê¼Pâm¾