B
left_stateJ_}¥>…Ê¾m8¹=äM7¾®E¼