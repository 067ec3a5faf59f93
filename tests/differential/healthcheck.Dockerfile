# row 44: HEALTHCHECK
# format: docker
FROM localhost/base
HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2s --retries=3 CMD test -e /x
