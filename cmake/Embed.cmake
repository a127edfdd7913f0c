# Writes the bytes of INPUT as a C array SYMBOL into OUTPUT.c and its declaration into OUTPUT.h.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes
  "${bytes}")
get_filename_component(name ${OUTPUT} NAME)
file(WRITE ${OUTPUT}.h
  "#include <stddef.h>\nextern const unsigned char ${SYMBOL}[];\nextern const size_t ${SYMBOL}_size;\n")
file(WRITE ${OUTPUT}.c
  "#include \"${OUTPUT}.h\"\nconst unsigned char ${SYMBOL}[] = {\n${bytes}0};\n"
  "const size_t ${SYMBOL}_size = sizeof ${SYMBOL} - 1;\n")
