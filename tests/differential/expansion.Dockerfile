# facts 1.4: forms of variables
FROM localhost/base
ENV set=value empty=
LABEL plain=$set braces=${set} minus=${none:-word} minus-empty=${empty:-word} plus=${set:+yes} \
    plus-none=${none:+yes} plus-empty=${empty:+yes} recursive=${none:-${set}} escaped=\$set \
    single='$set' double="$set \$set" tail=${set}tail
