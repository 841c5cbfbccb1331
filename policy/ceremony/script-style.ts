// The look of a printed script: A4, black on white, boxes and lines for a pen, colors of stations.
// Source: CSS paged media; `@bottom-right` is shown by browsers that know margin boxes.
// INVARIANT: nothing is fetched: no font, no image, no other sheet. Holds no text of a ceremony.

export const style = `@page { size: A4; margin: 15mm 16mm 14mm; }
body {
  font: 10.5pt/1.35 "DejaVu Sans", Arial, sans-serif; color: #000; margin: 0 auto;
  max-width: 180mm;
}
table { border-collapse: collapse; width: 100%; }
table.paper > tfoot td { border-top: 0.4pt solid #000; padding-top: 1mm; font-size: 9pt; }
table.paper > tbody > tr > td { padding: 0 0 4mm; }
h1 { font-size: 18pt; margin: 0 0 3mm; }
h2 { font-size: 13pt; margin: 6mm 0 2mm; break-after: avoid; }
h3 { font-size: 10.5pt; margin: 6mm 0 2mm; }
.banner { border: 2pt solid #000; padding: 2mm; text-align: center; font-weight: bold; }
dl { display: grid; grid-template-columns: 26mm 1fr; gap: 1mm 3mm; margin: 0; }
dt { font-weight: bold; }
dd, .digest {
  margin: 0; font-family: "DejaVu Sans Mono", monospace; font-size: 9pt;
  overflow-wrap: anywhere; white-space: pre-wrap;
}
.digest + article { margin-top: 3mm; }
.grid td, .grid th {
  border: 0.4pt solid #777; padding: 1mm 1.5mm; text-align: left; font-size: 9pt;
  overflow-wrap: anywhere;
}
.grid tr { break-inside: avoid; }
.sign td { height: 11mm; width: 33%; }
article {
  break-inside: avoid; border-left: 1.5pt solid #000; padding: 0 0 0 3mm; margin: 0 0 4mm;
}
article p { margin: 1mm 0; }
article header { display: flex; gap: 3mm; align-items: baseline; }
article header i { margin-left: auto; font-size: 9pt; }
.say { font-size: 12pt; font-weight: bold; }
em {
  display: inline-block; width: 9mm; font-style: normal; font-size: 8.5pt;
  text-transform: uppercase;
}
ul { list-style: none; margin: 1mm 0 0; padding: 0; }
li { display: flex; gap: 2.5mm; align-items: center; min-height: 7mm; break-inside: avoid; }
li b { font-weight: normal; flex: 1; }
s {
  display: inline-block; width: 4mm; height: 4mm; border: 0.8pt solid #000;
  vertical-align: middle;
}
u {
  display: inline-block; min-width: 28mm; border-bottom: 0.6pt solid #000;
  text-decoration: none; height: 4.5mm;
}
u.time { min-width: 14mm; }
.mark {
  display: inline-block; width: 5mm; height: 3.5mm; border: 0.4pt solid #000;
  margin-right: 1.5mm; print-color-adjust: exact; -webkit-print-color-adjust: exact;
  vertical-align: middle;
}
.words { display: flex; gap: 2mm; margin: 3mm 0 0; }
.words i { flex: 1; border-bottom: 0.6pt solid #000; height: 5mm; }
.by { font-size: 9pt; }
.sheet { break-before: page; }
hr { border: 0; border-bottom: 0.4pt solid #777; margin: 8mm 0 0; }
@page { @bottom-right { content: "page " counter(page) " of " counter(pages); } }
`

export const shades: Readonly<Record<string, string>> = {
  ...{ red: '#d22', blue: '#25c', green: '#191', yellow: '#fd0', orange: '#f80', violet: '#84b' },
  ...{ white: '#fff', black: '#000', brown: '#852', pink: '#f9b', grey: '#999', gold: '#cb6' },
  ...{ turquoise: '#2cc', silver: '#ddd', olive: '#770', navy: '#006' },
}
