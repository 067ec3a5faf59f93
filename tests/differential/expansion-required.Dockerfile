# fails
# facts 1.4: a variable that must be set
FROM localhost/base
LABEL x=${none:?must be set}
