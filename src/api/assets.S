// The page's files as they are, between two symbols each.
#define ASSET(name, file)          \
  .balign 16;                      \
  .globl tradelake_asset_##name;   \
  tradelake_asset_##name:          \
  .incbin file;                    \
  .globl tradelake_asset_##name##_end; \
  tradelake_asset_##name##_end:    \
  .byte 0

.section .rodata
ASSET(index, "index.html")
ASSET(style, "style.css")
ASSET(app, "app.js")
ASSET(chart, "chart.js")
ASSET(picker, "picker.js")
ASSET(format, "format.js")
ASSET(api, "api.js")
ASSET(icon, "icon.svg")
ASSET(notice, "NOTICE")
ASSET(library, "node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.mjs")
.section .note.GNU-stack, "", %progbits
