// Draws the charts of a report in the reader's browser: lines from the page's own data, colours from its style, drawn
// anew when the window or the colour scheme changes. Runs beside uPlot, which the page carries as well.
/* global uPlot */
;(() => {
  const charts = JSON.parse(document.getElementById('chart-data').textContent)
  const height = 260
  const dashes = [[], [6, 3], [2, 3]]

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

  const bytes = (value) => {
    const units = ['B', 'KB', 'MB', 'GB', 'TB']
    let unit = 0
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000
      unit += 1
    }
    return `${Number(value.toPrecision(3))} ${units[unit]}`
  }
  const figure = (value) => String(Number(value.toPrecision(4)))
  const duration = (seconds) => {
    const whole = Math.round(seconds)
    if (whole < 60) return `${Number(seconds.toPrecision(3))} s`
    if (whole < 3600) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`
    if (whole < 2 * 86400)
      return `${Math.floor(whole / 3600)}:${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} h`
    return `${Number((whole / 86400).toFixed(1))} d`
  }

  /** Between marks on the axis of time, in seconds: what a clock's face has. */
  const clockSteps = [
    ...[0.001, 0.01, 0.1].flatMap((power) => [power, 2 * power, 5 * power]),
    ...[1, 60].flatMap((unit) => [1, 2, 5, 10, 15, 30].map((value) => value * unit)),
    ...[1, 2, 3, 6, 12].map((hours) => hours * 3600),
    ...[1, 2, 5, 7, 14, 28, 56, 91, 182, 364].map((days) => days * 86400),
  ]

  /** As wide as the longest figure. */
  const wide = (_plot, values) => Math.max(64, 22 + 7 * Math.max(0, ...(values ?? []).map((text) => text.length)))

  const draw = (place, chart) => {
    const money = (value) => `${figure(value)} ${chart.unit}`
    const format = chart.unit === 'bytes' ? bytes : chart.unit === 'figure' ? figure : money
    const axis = {
      stroke: colour('--dim'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line'), width: 1 },
    }
    const tables = chart.curves.map(({ points }) => [points.map(([x]) => x), points.map(([, y]) => y)])
    const series = chart.curves.map(({ name, colour: index, points }) => ({
      label: name,
      stroke: colour(`--c${index % 6}`),
      dash: dashes[Math.floor(index / 6) % dashes.length],
      width: 2,
      spanGaps: true,
      points: { show: points.length < 30 },
      value: (_plot, value) => (value == null ? '–' : format(value)),
    }))
    return new uPlot(
      {
        width: place.clientWidth,
        height,
        scales: { x: { time: false } },
        cursor: { drag: { x: true, y: false } },
        axes: [
          { ...axis, space: 76, incrs: clockSteps, values: (_plot, at) => at.map(duration) },
          { ...axis, size: wide, values: (_plot, at) => at.map((value) => (value === 0 ? '0' : format(value))) },
        ],
        series: [{ label: 'after', value: (_plot, value) => (value == null ? '–' : duration(value)) }, ...series],
      },
      uPlot.join(tables),
      place,
    )
  }

  const plots = new Map()
  const drawAll = () => {
    for (const chart of charts) {
      const place = document.getElementById(chart.id)
      plots.get(place)?.destroy()
      place.textContent = ''
      plots.set(place, draw(place, chart))
    }
  }
  drawAll()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) plots.get(target)?.setSize({ width: target.clientWidth, height })
  })
  for (const place of plots.keys()) watch.observe(place)
})()
