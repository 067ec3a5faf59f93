# escape=`
# facts 1.3: directives, continuations, lower case
from localhost/base as Stage

run echo back\slash `
# comment
    and more >/text
copy one.txt `
    two.txt `
    /both/
env A=`$x B=c:\dir
