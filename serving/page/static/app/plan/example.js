// A made-up list to try a plan with.

export const EXAMPLE_NAME = "Example list";
export const EXAMPLE_TEXT = `Creator,Platform,Followers,Niche,Avg Likes,Avg Comments,Avg Views,Format,Fee (USD),Max Deliverables
Anna Bakes,Instagram,42000,food,1450,60,,Reel,520,2
Ben Cooks,TikTok,150000,food,3900,70,61000,Video,900,2
Cleo at Home,Instagram,9000,home,610,35,,Image,140,3
Dan Eats,YouTube,88000,food,2900,210,70000,Video,2200,1
Eva Kitchen,Instagram,230000,food,3100,90,,Reel,2500,1
Fay,TikTok,31000,lifestyle,1500,40,22000,Video,,3
Gus Grill,Instagram,61000,food,480,12,,Reel,800,2
Hana,Instagram,17500,travel,900,44,,Reel,290,3
Iris Runs,Instagram,26000,fitness,1100,51,,Carousel,330,2
Jo and Kim,YouTube,54000,family,1700,150,41000,Video,1400,1
Leo Lifts,TikTok,98000,fitness,5200,110,88000,Video,760,2
Mia Market,Instagram,12500,fashion,700,28,,Image,180,3
`;
