/** Pictures of the kit: strokes on a 24 grid, drawn in the colour of the text. */
const shapes = {
  home: 'M4 11.5 12 5l8 6.5M6 10v9h12v-9M10 19v-5h4v5',
  files: 'M3.5 7a2 2 0 0 1 2-2h4l2 2.5h7a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2z',
  activity: 'M4 12h4l2.5-6 3 12 2.5-6h4',
  settings: 'M5 7h9M18 7h1M5 12h2M11 12h8M5 17h7M16 17h3M14 5v4M7 10v4M12 15v4',
  repairs: 'M14.5 6.5a4 4 0 0 0-5 5L4 17l3 3 5.5-5.5a4 4 0 0 0 5-5L15 12l-3-3z',
  apps: 'M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM16.5 13.5v6M13.5 16.5h6',
  shared: 'M3.5 7a2 2 0 0 1 2-2h4l2 2.5h7a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2zM9 12.5a1.4 1.4 0 1 0 .01 0M15 12.5a1.4 1.4 0 1 0 .01 0M6.8 17a2.4 2.4 0 0 1 4.4 0M12.8 17a2.4 2.4 0 0 1 4.4 0',
  image: 'M5 5h14v14H5zM5 16l4-4 3.5 3.5L15 13l4 4M9 9h.01',
  video: 'M4 6h16v12H4zM10.5 9.5v5l4-2.5z',
  audio: 'M9 17.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0zm0 0V6l10-2v11.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0',
  document: 'M7 3.5h7l4 4V20a.5.5 0 0 1-.5.5h-10A.5.5 0 0 1 7 20zM14 3.5v4h4M10 12h5M10 16h5',
  archive: 'M4 7h16v12H4zM4 7l2-3h12l2 3M10 11h4',
  other: 'M7 3.5h7l4 4V20a.5.5 0 0 1-.5.5h-10A.5.5 0 0 1 7 20zM14 3.5v4h4',
  sun: 'M12 8a4 4 0 1 0 .01 0M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
  moon: 'M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z',
  find: 'M11 5a6 6 0 1 0 .01 0M15.5 15.5 20 20',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.5 10 17l9-10',
  list: 'M4 7h16M4 12h16M4 17h16',
  grid: 'M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  leave: 'M14 5H6v14h8M11 12h9M17 9l3 3-3 3',
  plus: 'M12 5v14M5 12h14',
  trash: 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 11v5M13.5 11v5',
  disk: 'M7 3.5h10A1.5 1.5 0 0 1 18.5 5v14a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5zM5.5 15.5h13M9 18h.01',
  clock: 'M12 4a8 8 0 1 0 .01 0M12 8v4.5l3 2',
  more: 'M6 11.5a.5.5 0 1 0 .01 0zM12 11.5a.5.5 0 1 0 .01 0zM18 11.5a.5.5 0 1 0 .01 0z',
  folder: 'M3.5 7a2 2 0 0 1 2-2h4l2 2.5h7a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2z',
} as const

export type IconName = keyof typeof shapes

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} fill="none" stroke="currentColor" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className="shrink-0">
      <path d={shapes[name]} />
    </svg>
  )
}
