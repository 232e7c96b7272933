create table orders (
  id integer primary key generated always as identity,
  product_id integer not null,
  quantity integer not null,
  email text not null,
  total numeric(8, 2) not null,
  status text not null default 'placed',
  placed_at timestamptz not null default now()
);
