/** What the page is styled by and what keeps it live: inline, since it asks no other host. */

export const style = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2430;--dim:#5b6675;--line:#d9dee5;
--up:#1d8a4b;--warn:#b97400;--down:#c62f35;--maint:#7a5a2e;--drain:#2f6fb3;--none:#7b8490;--bar:#2f6fb3}
@media (prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1b212a;--ink:#e6e9ee;--dim:#9aa5b4;
--line:#303844;--up:#3fbf74;--warn:#e2a33a;--down:#f0656a;--maint:#c49a5f;--drain:#6aa9ec;--none:#98a2af;--bar:#6aa9ec}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
header,main,footer{max-width:76rem;margin:0 auto;padding:.75rem 1rem}
header{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:baseline}
h1{font-size:1.25rem;margin:0}h2{font-size:1.05rem;margin:0}
.dim,footer{color:var(--dim)}footer{font-size:.85rem}footer a{color:inherit;margin-right:1rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));max-width:48rem;gap:.5rem;margin:0 0 1rem;padding:0;list-style:none}
.tiles li,.proxy,.drawing{background:var(--card);border:1px solid var(--line);border-radius:.6rem}
.tiles li{padding:.4rem .9rem;}.tiles b{display:block;font-size:1.2rem;font-variant-numeric:tabular-nums}
.tiles span{color:var(--dim);font-size:.8rem}
.drawing{padding:.5rem;margin:0 0 1rem;overflow-x:auto}.drawing svg{display:block;min-width:44rem;width:100%;height:auto}
.proxy{margin:0 0 1rem;padding:.75rem 1rem}.proxy>div{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem}
th{color:var(--dim);font-weight:500;font-size:.78rem;text-align:right;white-space:nowrap}
td{text-align:right;white-space:nowrap}th,td{padding:.3rem .5rem;border-top:1px solid var(--line)}
th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}
thead th{border:0}.name{font-weight:600;white-space:normal;overflow-wrap:anywhere;min-width:10rem;max-width:20rem}.name .dim{font-weight:400;font-size:.8rem}h2 .dim{font-weight:400}.total td{color:var(--dim)}
.s{display:inline-block;padding:0 .5rem;border-radius:1rem;color:#fff;font-size:.8rem;background:var(--none)}
@media (prefers-color-scheme:dark){.s{color:#10141a}}
.s.up{background:var(--up)}.s.warn{background:var(--warn)}.s.down{background:var(--down)}
.s.maint{background:var(--maint)}.s.drain{background:var(--drain)}
form{display:flex;flex-wrap:wrap;gap:.25rem;margin-top:.25rem}
button{font:inherit;font-weight:400;white-space:nowrap;font-size:.8rem;padding:.1rem .55rem;border:1px solid var(--line);border-radius:.4rem;
background:var(--bg);color:var(--ink);cursor:pointer}button:hover{border-color:var(--bar)}
button:disabled{opacity:.4;cursor:default}
.note{padding:.5rem 1rem;border-left:4px solid var(--bar);background:var(--card);margin:0 0 1rem}
.live{display:inline-block;width:.6rem;height:.6rem;border-radius:50%;background:var(--none)}
.live.on{background:var(--up)}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}svg .dim{fill:var(--dim);font-size:11px}
svg .box{fill:var(--bg);stroke:var(--line)}svg .wire{stroke:var(--line);stroke-width:1.5;fill:none}
svg .wire.busy{stroke:var(--bar);stroke-width:2.5}svg .dot{fill:var(--none)}
svg .up{fill:var(--up)}svg .warn{fill:var(--warn)}svg .down{fill:var(--down)}svg .maint{fill:var(--maint)}svg .drain{fill:var(--drain)}
@media (max-width:60rem){.wide{display:none}}
@media (max-width:40rem){.mid{display:none}.name{min-width:8rem}th,td{padding:.3rem .25rem}.proxy{padding:.6rem}body{font-size:14px}header,main,footer{padding:.6rem}}
`;

/** Listens for the content, and shows it; says so where that breaks off. */
export const script = `
const main=document.querySelector("main"),dot=document.querySelector(".live");
const source=new EventSource(main.dataset.live);
let held=null;
const show=(text)=>{if(main.querySelector("button:active,form:focus-within")){held=text;return}
held=null;main.innerHTML=text};
source.addEventListener("status",(event)=>{dot.classList.add("on");show(JSON.parse(event.data))});
source.onerror=()=>dot.classList.remove("on");
document.addEventListener("focusout",()=>setTimeout(()=>held!==null&&show(held),0));
`;
