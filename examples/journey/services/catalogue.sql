create table products (
  id integer primary key,
  name text not null,
  story text not null,
  price numeric(8, 2) not null,
  stock integer not null
);

insert into products values
  (1, 'Trail boots', 'Waxed leather, sewn by hand. They remember your feet.', 189.00, 12),
  (2, 'Pocket compass', 'Brass, with a lid. Points north, which is enough.', 42.50, 40),
  (3, 'Survey map', 'Printed on cloth. Folds any way you like.', 18.90, 75),
  (4, 'Field lantern', 'Eight hours of warm light, or sixteen of dim.', 64.00, 9),
  (5, 'Enamel cup', 'Chips are included and tell their own stories.', 12.40, 120),
  (6, 'Wool blanket', 'Undyed. Smells of rain for the first week.', 98.00, 23);
