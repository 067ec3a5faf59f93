# facts 1.4: forms buildah 1.28 has not
FROM localhost/base
ENV path=a/b.tar.gz empty=
LABEL minus=${empty-word} plus=${empty+yes} short=${path#*/} long=${path##*.} tail=${path%.*} \
    tails=${path%%.*} once=${path/a/A} all=${path//a/A} \
    required=${path:?needed}
