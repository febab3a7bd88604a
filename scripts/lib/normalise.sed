# What two plain runs of ReaR do not have in common either: times, durations,
# process ids, load addresses, sizes of compressed files, temporary names.
s/^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+ //
s/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([+-][0-9]{2}:[0-9]{2})?/TIME/g
s/rear\.[A-Za-z0-9]{15}/rear.TEMPORARY/g
s/PID [0-9]+/PID N/g
s/kill: \([0-9]+\)/kill: (N)/
s/0x[0-9a-f]{8,16}/ADDRESS/g
s/in [0-9]+ seconds/in N seconds/g
s/\([0-9]+ bytes\)/(N bytes)/g
s/\([0-9]+M\)/(N M)/g
s/[0-9]+ sectors/N sectors/
# How far it is, said as often as there is time for.
/^xorriso : UPDATE :/d
s#/proc/[0-9]+/#/proc/N/#g
s/(rear-[^ ]*)\.[0-9]+\.log/\1.PID.log/g
s/(rear|pstree),[0-9]+ /\1,PID /g
s/-Aplau [0-9]+/-Aplau PID/
# The library itself, which `ldd` lists like any other, and so ReaR too. ldd's
# own columns, and words in a list of libraries.
/^[[:space:]]*[^ ]*\/libumaskclamp\.so \(ADDRESS\)$/d
/^Adding required library '[^']*\/libumaskclamp\.so' to LIBS$/d
s# [^ ]*/libumaskclamp\.so##g
