"""How the report looks: on a phone, on a wide screen, by night, and in print."""

_LIGHT = """--paper:#fff;--ground:#f4f5f7;--ink:#1f2329;--soft:#5c636d;--faint:#d9dce1;
--cell:#f1f2f4;--plus:#3f90da;--minus:#e76300;--warn:#8a4b00;--warn-ground:#fff4e2"""

_DARK = """--paper:#111419;--ground:#07090c;--ink:#e8ebef;--soft:#9ea6b1;--faint:#353b45;
--cell:#1c2129;--plus:#3f90da;--minus:#e76300;--warn:#ffc670;--warn-ground:#2d2313"""

STYLE = f"""
:root{{color-scheme:light dark;{_LIGHT}}}
@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--ground);color:var(--ink);-webkit-text-size-adjust:100%;
font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}}
main{{max-width:76rem;margin:0 auto;padding:1.25rem}}
header{{padding:.5rem .25rem 1rem}}
h1{{margin:0;font-size:1.9rem;line-height:1.2;overflow-wrap:anywhere}}
h2{{margin:0 0 .7rem;font-size:1.05rem;line-height:1.3}}
header p{{margin:.3rem 0 0;color:var(--soft);overflow-wrap:anywhere}}
.card{{background:var(--paper);border:1px solid var(--faint);border-radius:10px;
padding:1.05rem 1.15rem;margin:0 0 1.1rem;break-inside:avoid}}
.cards{{columns:2 27rem;column-gap:1.1rem;margin-bottom:1.1rem}}
.cards>:last-child{{margin-bottom:0}}
.tiles{{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.8rem;
margin:0 0 1.1rem;padding:0}}
.tiles div{{background:var(--paper);border:1px solid var(--faint);border-radius:10px;
padding:.7rem .9rem}}
.tiles dt{{color:var(--soft);font-size:.85rem}}
.tiles dd{{margin:0;font-size:1.55rem;line-height:1.25;font-variant-numeric:tabular-nums}}
.tiles small{{display:block;font-size:.8rem;color:var(--soft)}}
.remarks{{background:var(--warn-ground);border-color:transparent;color:var(--warn)}}
.remarks ul{{margin:0;padding-left:1.2rem}}
.scroll{{overflow-x:auto;max-width:100%}}
table{{border-collapse:collapse;width:100%;font-size:.9rem}}
th,td{{padding:.32rem .55rem;border-bottom:1px solid var(--faint);text-align:left;
vertical-align:top;overflow-wrap:break-word}}
thead th{{color:var(--soft);font-weight:600;vertical-align:bottom}}
tbody th{{font-weight:500;overflow-wrap:anywhere;min-width:6rem}}
tbody tr:last-child>*{{border-bottom:0}}
tr>:first-child{{padding-left:0}}tr>:last-child{{padding-right:0}}
th small,td small,dd small{{display:block;font-weight:400;color:var(--soft);line-height:1.3}}
table.numbers td,table.numbers th+th{{text-align:right;font-variant-numeric:tabular-nums}}
table.numbers td{{white-space:nowrap}}.words{{white-space:normal}}
.facts{{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.6rem 1rem;
margin:0;font-size:.9rem}}
.facts div{{break-inside:avoid}}
.facts dt{{color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}}
.facts dd{{margin:0;overflow-wrap:anywhere}}
.note{{margin:.7rem 0 0;font-size:.85rem;color:var(--soft)}}
.unseen{{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}}
code{{font:.9em ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}}
svg{{display:block;max-width:100%;height:auto;margin:0 auto;
font:12px system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}}
svg text{{unicode-bidi:isolate}}
svg .figure{{font-variant-numeric:tabular-nums}}
svg .ink{{fill:var(--ink)}}svg .soft{{fill:var(--soft)}}
svg .cell{{fill:var(--cell);rx:3px}}svg .plus{{fill:var(--plus)}}svg .minus{{fill:var(--minus)}}
svg .plot{{fill:var(--cell)}}svg .bar{{fill:var(--soft);fill-opacity:.55}}
svg .hair{{stroke:var(--soft);stroke-width:1;fill:none}}svg .dashed{{stroke-dasharray:4 4}}
svg .whisker{{stroke:var(--plus);stroke-width:1.6}}
svg .curve{{stroke:var(--plus);stroke-width:1.6;fill:none}}
svg .pale{{opacity:.35}}
svg .hollow{{fill:var(--paper);stroke:var(--minus);stroke-width:1.8}}
@media (max-width:40rem){{main{{padding:.7rem}}.card{{padding:.9rem .85rem}}h1{{font-size:1.6rem}}
th,td{{padding:.32rem .35rem}}}}
@page{{margin:14mm}}
@media print{{
:root{{color-scheme:light}}
body{{background:none;font-size:9pt;line-height:1.4}}
html{{font-size:9pt}}
main{{max-width:none;padding:0}}
.cards{{columns:2;column-gap:8mm}}
.card{{border:0;border-top:1px solid var(--faint);border-radius:0;padding:.8rem 0 .4rem}}
.tiles div{{break-inside:avoid}}
.long{{break-inside:auto}}
tr,h2{{break-inside:avoid;break-after:auto}}h2{{break-after:avoid}}
thead{{display:table-header-group;break-inside:avoid}}
tbody tr:first-child{{break-before:avoid}}
.remarks{{padding:.6rem .8rem;border-radius:6px}}
.scroll{{overflow:visible}}
svg{{min-width:0!important;max-height:225mm}}
*{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
}}
"""
