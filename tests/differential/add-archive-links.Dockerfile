# row 23: members below links of the base
FROM localhost/base
ADD archives/links.tar /
