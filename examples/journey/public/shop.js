/** The shop's page: shows the goods, orders them, and says how long it took. */
const goods = document.querySelector('#products')
const log = document.querySelector('#log')

const ways = {
  good: { card: '4000 0000 0000 0001', email: 'guest@example.com' },
  bad: { card: '4000 0000 0000 0002', email: 'guest@example.com' },
  slow: { card: '4000 0000 0000 0001', email: 'guest@slow.example' },
}

document.querySelector('#popular').addEventListener('click', (event) =>
  timed(event.currentTarget, async () => {
    const { products } = await ask('/api/products/popular')
    return `Popular: ${products.map(({ name }) => name.toLowerCase()).join(', ')}`
  }),
)

const { products } = await ask('/api/products')
goods.replaceChildren(...products.map(card))
goods.removeAttribute('aria-busy')

function card({ id, name, story, price }) {
  const order = element('button', 'Order')
  order.type = 'button'
  order.setAttribute('aria-label', `Order ${name}`)
  order.addEventListener('click', () =>
    timed(order, async () => {
      const how = new FormData(document.querySelector('#till')).get('how')
      const { id: number } = await ask('/api/orders', { product: id, quantity: 1, ...ways[how] })
      return `Order ${number}: ${name.toLowerCase()}`
    }),
  )
  const foot = element('div', element('span', `${price} €`), order)
  foot.className = 'price'
  return element('article', element('h3', name), element('p', story), foot)
}

async function ask(path, body) {
  const response = await fetch(path, {
    ...(body && {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}

async function timed(button, work) {
  const started = performance.now()
  button.disabled = true
  const line = element('li')
  try {
    line.append(element('span', await work()))
  } catch (error) {
    line.className = 'failed'
    line.append(element('span', error.message))
  }
  line.append(element('time', `${Math.round(performance.now() - started)} ms`))
  log.prepend(line)
  while (log.children.length > 8) log.lastChild.remove()
  button.disabled = false
}

function element(name, ...children) {
  const node = document.createElement(name)
  node.append(...children)
  return node
}
