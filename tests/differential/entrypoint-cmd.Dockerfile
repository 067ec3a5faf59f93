# row 40: not one of this stage
FROM localhost/base AS first
CMD ["inherited"]
FROM first
CMD ["own"]
ENTRYPOINT ["new", "x y", "\"q\""]
